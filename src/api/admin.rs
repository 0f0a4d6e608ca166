//! What whoever runs the daemon asks of it.

use std::io::{self, Write};
use std::path::Path;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::mpsc;

use crate::api::problem::Problem;
use crate::api::{self, query};
use crate::journal::archive;

/// Bytes sent at a time, and how many such pieces wait for a slow client.
const PIECE_BYTES: usize = 64 << 10;
const PIECES_MAX: usize = 4;

/// The journal as it stands, as one file for `copytaster restore`. Its end says whether it is whole: a transfer that breaks off
/// is refused there.
#[utoipa::path(post, path = "/api/v1/admin/backup", tag = "admin", responses(
    (status = 200, description = "the backup", body = Vec<u8>, content_type = "application/octet-stream"),
    (status = 503, description = "stopping, or another backup is under way", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn backup(State(state): State<api::State>, uri: Uri) -> Result<Response, Problem> {
    query::none(&uri)?;
    if state.status.stopping.is_cancelled() {
        return Err(Problem::unavailable("the daemon is stopping", 2));
    }
    let turn = state.status.backup().ok_or_else(|| {
        Problem::unavailable("another backup is under way: come back when it is done", 60)
    })?;
    let (pieces, sent) = mpsc::channel(PIECES_MAX);
    tokio::task::spawn_blocking(move || {
        let (reader, generation) = (&state.reader, state.settings.generation);
        let mut out = io::BufWriter::with_capacity(PIECE_BYTES, Pieces(pieces.clone()));
        let written =
            archive::write(reader, generation, Path::new("the client"), &mut out, &mut |_| {});
        match written {
            Ok(backup) => {
                tracing::info!(last = %backup.last, bytes = backup.bytes, "a backup was taken");
            }
            Err(fault) => {
                tracing::warn!(%fault, "a backup was not taken to its end");
                // Breaks the transfer off, so that the client sees it without looking into the file.
                let _ = pieces.blocking_send(Err(io::Error::other(fault.to_string())));
            }
        }
        drop(turn);
    });
    let body =
        stream::unfold(
            sent,
            |mut sent| async move { sent.recv().await.map(|piece| (piece, sent)) },
        );
    let mut response = Body::from_stream(body).into_response();
    let headers = response.headers_mut();
    let octets = HeaderValue::from_static("application/octet-stream");
    headers.insert(header::CONTENT_TYPE, octets);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let name = HeaderValue::from_static("attachment; filename=\"copytaster.backup\"");
    headers.insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}

/// Writes to the client, as fast as that reads.
struct Pieces(mpsc::Sender<io::Result<Bytes>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = Ok(Bytes::copy_from_slice(bytes));
        self.0.blocking_send(piece).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
