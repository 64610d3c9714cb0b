//! Reads the answer to `XREAD` of one stream. Whatever is not in the form of an entry of ours is an
//! entry without content.

use redis::{ErrorKind, RedisError, Value};

/// The field of an entry that has its content.
pub(in crate::shared_store) const FIELD: &str = "n";

/// One entry.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::shared_store) struct Item {
    /// Its place in the stream.
    pub(in crate::shared_store) id: String,
    pub(in crate::shared_store) sealed: Option<Vec<u8>>,
}

/// The entries of the answer; none if there is no news.
pub(in crate::shared_store) fn items(answer: Value) -> Result<Vec<Item>, RedisError> {
    let streams = match answer {
        Value::Nil => return Ok(Vec::new()),
        Value::Array(streams) => streams,
        _ => return Err(odd()),
    };
    let entries = match streams.into_iter().next() {
        Some(Value::Array(stream)) => stream.into_iter().nth(1),
        _ => None,
    };
    let Some(Value::Array(entries)) = entries else {
        return Err(odd());
    };
    entries.into_iter().map(item).collect()
}

fn item(entry: Value) -> Result<Item, RedisError> {
    let Value::Array(entry) = entry else {
        return Err(odd());
    };
    let mut parts = entry.into_iter();
    let Some(Value::BulkString(id)) = parts.next() else {
        return Err(odd());
    };
    let id = String::from_utf8(id).map_err(|_not_text| odd())?;
    let sealed = match parts.next() {
        Some(Value::Array(fields)) => content(fields),
        _ => None,
    };
    Ok(Item { id, sealed })
}

fn content(fields: Vec<Value>) -> Option<Vec<u8>> {
    let mut fields = fields.into_iter();
    match (fields.next()?, fields.next()?) {
        (Value::BulkString(name), Value::BulkString(sealed)) if name == FIELD.as_bytes() => {
            Some(sealed)
        }
        _ => None,
    }
}

fn odd() -> RedisError {
    let problem = "the answer to XREAD has another form than that of Redis";
    RedisError::from((ErrorKind::UnexpectedReturnType, problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn answer(entries: Vec<Value>) -> Value {
        Value::Array(vec![Value::Array(vec![
            bulk("stream"),
            Value::Array(entries),
        ])])
    }

    #[test]
    fn entries_are_read_and_odd_ones_have_no_content() {
        let entry = |fields| Value::Array(vec![bulk("1-0"), fields]);
        let item = |sealed: Option<&str>| Item {
            id: "1-0".to_owned(),
            sealed: sealed.map(|text| text.as_bytes().to_vec()),
        };
        for (fields, sealed) in [
            (
                Value::Array(vec![bulk("n"), bulk("sealed")]),
                Some("sealed"),
            ),
            (Value::Array(vec![bulk("x"), bulk("sealed")]), None),
            (Value::Array(vec![bulk("n")]), None),
            (Value::Nil, None),
        ] {
            let read = items(answer(vec![entry(fields)])).expect("an answer");
            assert_eq!(read, [item(sealed)]);
        }
        assert_eq!(items(Value::Nil).expect("no news"), []);
        for odd in [
            Value::Int(1),
            Value::Array(vec![]),
            answer(vec![Value::Int(1)]),
        ] {
            assert!(items(odd.clone()).is_err(), "{odd:?}");
        }
    }
}
