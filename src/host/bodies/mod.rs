//! Request bodies: read whole, within limits on size, shape and memory, before rmcp builds a tree.
//!
//! This runs after authorization, so no stranger uses up memory meant for clients. The connection
//! limits the time for a body.

mod budget;
mod shape;

use std::{pin::Pin, rc::Rc};

use actix_web::{
    HttpRequest, HttpResponse,
    dev::Payload,
    error::PayloadError,
    http::{
        StatusCode,
        header::{CONTENT_LENGTH, RETRY_AFTER},
    },
    web::{Bytes, BytesMut},
};
use futures_core::Stream;
use rmcp_resource_server::RequestId;
use serde_json::json;

use super::connections::Connection;
use budget::{Budget, Share};
use shape::{Shape, shape};

/// A small body costs less than accounting for it: 16 KiB are read in any case, and a tree of that
/// size holds no more than a connection's own buffers.
const FREE_BYTES: usize = 16 * 1024;
const FREE_TREE_BYTES: usize = 64 * 1024;

/// How much memory is requested at a time for a body of unknown length.
const STEP: usize = 64 * 1024;

/// The most memory that a value or name takes while a message is parsed, in bytes: rmcp's parser
/// keeps buffered copies next to the tree. Measured: 340 for a number, 360 in objects of one
/// member, 470 in arrays of one element.
const NODE_BYTES: usize = 512;

/// Values and names allowed in a message: 15 MiB. Requests have dozens.
const NODES: usize = 30_000;

/// Values and names allowed in a message that validates a document: 90 MiB. NIST's SP 800-53
/// catalog has more, but most clients send it as text, which is a single value.
const DOCUMENT_NODES: usize = 180_000;

/// The deepest nesting allowed; serde_json rejects more than 128 levels.
const DEPTH: usize = 100;

/// The budget for bodies being read and served, in bytes.
const BYTES_BUDGET: usize = 48 << 20;

/// The budget for the trees built from them, in bytes.
const TREES_BUDGET: usize = 96 << 20;

/// The limits on bodies, and the memory left for them.
pub(super) struct Bodies {
    /// The largest message other than the next kind, in bytes.
    max_bytes: usize,
    /// The largest call of `validate_document`, in bytes.
    max_document_bytes: usize,
    bytes: Budget,
    trees: Budget,
}

/// Memory held for one request.
#[derive(Debug, Default)]
pub(super) struct Held {
    bytes: Option<Share>,
    tree: Option<Share>,
}

impl Held {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_none() && self.tree.is_none()
    }
}

/// Why a body is rejected.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the body has more than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the body has {nodes} JSON values, more than {limit}")]
    TooManyNodes { nodes: usize, limit: usize },
    #[error("the body nests {depth} arrays and objects, more than {DEPTH}")]
    TooDeep { depth: usize },
    #[error("other requests use all the memory for bodies")]
    Busy,
    #[error("the body is incomplete: {0}")]
    Broken(PayloadError),
}

impl Bodies {
    pub(super) fn new(max_bytes: usize, max_document_bytes: usize) -> Self {
        Self {
            max_bytes,
            max_document_bytes,
            bytes: Budget::new(BYTES_BUDGET),
            trees: Budget::new(TREES_BUDGET),
        }
    }

    /// The largest body that may pass, in bytes.
    pub(super) fn longest(&self) -> usize {
        self.max_bytes.max(self.max_document_bytes)
    }

    /// Reads the body of `request` if it may be served. Also returns the memory held for it.
    pub(super) async fn admit(
        &self,
        request: &HttpRequest,
        mut payload: Payload,
    ) -> Result<(Bytes, Held), BodyError> {
        let mut held = Held::default();
        let body = self.read(request, &mut payload, &mut held).await?;
        held.tree = self.judge(&body).await?;
        Ok((body, held))
    }

    async fn read(
        &self,
        request: &HttpRequest,
        payload: &mut (impl Stream<Item = Result<Bytes, PayloadError>> + Unpin),
        held: &mut Held,
    ) -> Result<Bytes, BodyError> {
        let limit = self.longest();
        let length = (request.headers().get(CONTENT_LENGTH))
            .and_then(|value| value.to_str().ok()?.trim().parse::<usize>().ok());
        if length.is_some_and(|length| length > limit) {
            return Err(BodyError::TooLarge { limit });
        }
        let connection = request.conn_data::<Rc<Connection>>();
        if length.is_none_or(|length| length > FREE_BYTES) {
            held.bytes = Some(self.take_bytes(length.unwrap_or(STEP)).await?);
            if let Some(connection) = connection {
                connection.want_body();
            }
        }
        let first = next(payload).await.transpose().map_err(BodyError::Broken)?;
        let first = first.unwrap_or_default();
        if length == Some(first.len()) {
            return Ok(first);
        }
        let mut body = BytesMut::with_capacity(length.unwrap_or(STEP).max(first.len()));
        body.extend_from_slice(&first);
        let mut paid = length.unwrap_or(STEP);
        while let Some(chunk) = next(payload).await {
            let chunk = chunk.map_err(BodyError::Broken)?;
            if body.len() + chunk.len() > limit {
                return Err(BodyError::TooLarge { limit });
            }
            while body.len() + chunk.len() > paid {
                let more = self.take_bytes(STEP).await?;
                if let Some(share) = &mut held.bytes {
                    share.merge(more);
                }
                paid += STEP;
            }
            body.extend_from_slice(&chunk);
        }
        if let Some(connection) = connection {
            connection.body_ended();
        }
        Ok(body.freeze())
    }

    async fn take_bytes(&self, bytes: usize) -> Result<Share, BodyError> {
        self.bytes.take(bytes).await.ok_or(BodyError::Busy)
    }

    /// Checks a whole body, and takes the memory for its tree.
    async fn judge(&self, body: &Bytes) -> Result<Option<Share>, BodyError> {
        let shape = shape(body);
        self.check(body.len(), &shape)?;
        // rmcp copies the bytes, and then copies long texts out of them.
        let cost = 2 * body.len() + NODE_BYTES * shape.nodes;
        if cost <= FREE_TREE_BYTES {
            return Ok(None);
        }
        let share = self.trees.take(cost.min(TREES_BUDGET)).await;
        share.map(Some).ok_or(BodyError::Busy)
    }

    fn check(&self, bytes: usize, shape: &Shape) -> Result<(), BodyError> {
        let (limit, max_nodes) = if shape.validates {
            (self.max_document_bytes, DOCUMENT_NODES)
        } else {
            (self.max_bytes, NODES)
        };
        let Shape { nodes, depth, .. } = *shape;
        if bytes > limit {
            Err(BodyError::TooLarge { limit })
        } else if nodes > max_nodes {
            Err(BodyError::TooManyNodes {
                nodes,
                limit: max_nodes,
            })
        } else if depth > DEPTH {
            Err(BodyError::TooDeep { depth })
        } else {
            Ok(())
        }
    }
}

impl BodyError {
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "body_too_large",
            Self::TooManyNodes { .. } => "body_has_too_many_values",
            Self::TooDeep { .. } => "body_too_deep",
            Self::Busy => "busy",
            Self::Broken(_) => "body_broken",
        }
    }

    /// The response to the client.
    pub(super) fn respond(&self, request_id: &RequestId) -> HttpResponse {
        let (status, error, description) = match self {
            Self::TooLarge { limit } => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "content_too_large",
                format!("Send at most {limit} bytes"),
            ),
            Self::TooManyNodes { limit, .. } => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "content_too_large",
                format!("Send at most {limit} JSON values, or the document as text"),
            ),
            Self::TooDeep { .. } => (
                StatusCode::BAD_REQUEST,
                "content_too_deep",
                format!("Nest at most {DEPTH} arrays and objects"),
            ),
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "Too many large requests at once; try again".to_owned(),
            ),
            Self::Broken(_) => (
                StatusCode::BAD_REQUEST,
                "content_incomplete",
                "The body is incomplete".to_owned(),
            ),
        };
        let mut response = HttpResponse::build(status);
        if matches!(self, Self::Busy) {
            response.insert_header((RETRY_AFTER, "1"));
        }
        response.json(json!({
            "error": error,
            "error_description": description,
            "request_id": request_id.as_str(),
        }))
    }
}

async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    std::future::poll_fn(|context| Pin::new(&mut *stream).poll_next(context)).await
}
