//! Tries what a replica does with the store, for an operator.

use std::time::Duration;

use redis::{Cmd, Value, aio::MultiplexedConnection, cmd};

use super::{
    config::SharedStoreConfig,
    dial::{dial, explain},
    keys::Kind,
    revocations::stream::{FIELD, items},
};

/// How long each command may take here. In the server it is less.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many revocations to look at.
const SOME: usize = 100;

/// Connects, logs in, and runs each command that a replica needs, on names of its own.
///
/// # Errors
///
/// What does not work.
pub(crate) async fn examine(config: &SharedStoreConfig) -> Result<(), String> {
    let mut connection = dial(config, PATIENCE).await?;
    let name = config.keys.plain_name(&config.prefix, Kind::Probe);
    let (value, stream) = (name.first(), format!("{}:stream", name.first()));
    let commands = [
        command(&["SET", value, "probe", "PX", "1000"]),
        command(&["MGET", value, value]),
        command(&["PEXPIRE", value, "1000"]),
        command(&["XADD", &stream, "MAXLEN", "~", "1", "*", FIELD, "probe"]),
        command(&["XREAD", "COUNT", "1", "STREAMS", &stream, "0"]),
        command(&["XLEN", &stream]),
        command(&["DEL", value, &stream]),
    ];
    for (name, command) in &commands {
        run(&mut connection, name, command).await?;
    }
    let stream = config.keys.plain_name(&config.prefix, Kind::Revocations);
    let some = SOME.to_string();
    let (name, read) = command(&["XREAD", "COUNT", &some, "STREAMS", stream.first(), "0"]);
    let answer = run(&mut connection, name, &read).await?;
    let entries = items(answer).map_err(|error| explain(&error))?;
    let is_ours = |sealed: &Vec<u8>| config.keys.open_by_any(&stream, sealed).is_some();
    let mut sealed = entries.iter().filter_map(|item| item.sealed.as_ref());
    match entries.is_empty() || sealed.any(is_ours) {
        true => Ok(()),
        false => Err("what is stored there was made with another key".to_owned()),
    }
}

fn command<'c>(words: &[&'c str]) -> (&'c str, Cmd) {
    let (name, arguments) = words.split_first().expect("a command has a name");
    let mut command = cmd(name);
    command.arg(arguments);
    (name, command)
}

async fn run(
    connection: &mut MultiplexedConnection,
    name: &str,
    command: &Cmd,
) -> Result<Value, String> {
    let answer = command.query_async(connection).await;
    answer.map_err(|error| format!("{name}: {}", explain(&error)))
}
