//! A TCP connection that a fault can break at a chosen byte.
//!
//! HTTP libraries never send half an answer, so the connection is broken below them: the answer is
//! written up to a limit, then writing fails and the connection is closed.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

const HEAD_END: &[u8; 4] = b"\r\n\r\n";

/// How much may still be written.
#[derive(Debug, Clone, Copy)]
enum Allowance {
    Everything,
    Nothing,
    /// The rest of the head, then `body` bytes of the body. `matched` bytes of the end of the head
    /// were written already.
    Partial {
        matched: usize,
        body: usize,
    },
}

impl Allowance {
    /// How many of `bytes` may be written, and the allowance after them.
    fn take(self, bytes: &[u8]) -> (usize, Self) {
        let Self::Partial {
            mut matched,
            mut body,
        } = self
        else {
            return (
                if matches!(self, Self::Nothing) {
                    0
                } else {
                    bytes.len()
                },
                self,
            );
        };
        // hyper may write the end of the head in two parts, so a match goes on across writes.
        let mut taken = 0;
        for byte in bytes {
            if matched < HEAD_END.len() {
                // A `\r` that breaks a match may begin the next one.
                let starts_over = usize::from(*byte == HEAD_END[0]);
                matched = if *byte == HEAD_END[matched] {
                    matched + 1
                } else {
                    starts_over
                };
            } else if body > 0 {
                body -= 1;
            } else {
                break;
            }
            taken += 1;
        }
        (taken, Self::Partial { matched, body })
    }
}

/// Breaks its connection.
#[derive(Debug, Clone)]
pub(in super::super) struct Breaker(Arc<Mutex<Allowance>>);

impl Breaker {
    /// Closes the connection before the first byte of the answer.
    pub(in super::super) fn cut(&self) {
        *self.allowance() = Allowance::Nothing;
    }

    /// Closes the connection after the head and this number of bytes of the body.
    pub(in super::super) fn truncate(&self, body: usize) {
        *self.allowance() = Allowance::Partial { matched: 0, body };
    }

    fn allowance(&self) -> MutexGuard<'_, Allowance> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connected<IncomingStream<'_, BreakableListener>> for Breaker {
    fn connect_info(stream: IncomingStream<'_, BreakableListener>) -> Self {
        stream.io().breaker.clone()
    }
}

/// Accepts connections that can be broken.
#[derive(Debug)]
pub(in super::super) struct BreakableListener(pub(in super::super) TcpListener);

impl Listener for BreakableListener {
    type Io = BreakableConnection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (BreakableConnection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Answers are small: waiting to fill a packet would only add latency. A failure to set the
        // option has no other effect.
        let _ = stream.set_nodelay(true);
        let breaker = Breaker(Arc::new(Mutex::new(Allowance::Everything)));
        (BreakableConnection { stream, breaker }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// One connection with its breaker.
#[derive(Debug)]
pub(in super::super) struct BreakableConnection {
    stream: TcpStream,
    breaker: Breaker,
}

impl AsyncRead for BreakableConnection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for BreakableConnection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // Copied, so that the lock is not held during the write.
        let allowance = *self.breaker.allowance();
        let (allowed, _) = allowance.take(bytes);
        if allowed == 0 && !bytes.is_empty() {
            // The error makes hyper close the connection.
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, &bytes[..allowed]);
        // Only what was written counts: a socket can take less than it is given.
        if let Poll::Ready(Ok(count)) = written {
            *self.breaker.allowance() = allowance.take(&bytes[..count]).1;
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_answer_ends_in_its_body() {
        let answer = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n0123456789";
        let head = answer.len() - 10;
        for split in 0..answer.len() {
            let allowance = Allowance::Partial {
                matched: 0,
                body: 4,
            };
            let (first, allowance) = allowance.take(&answer[..split]);
            let (second, _) = allowance.take(&answer[first..]);
            assert_eq!(first + second, head + 4, "split at {split}");
        }
    }
}
