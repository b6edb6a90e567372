//! A server that parses only the end of a request, and answers with given bytes.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::mpsc,
    thread,
};

/// One request as it arrived.
pub(crate) struct Arrived {
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Arrived {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| &**value)
    }
}

/// Answers every request with the same bytes, and closes the connection after it.
pub(crate) fn serve(answer: impl Into<Vec<u8>>) -> (SocketAddr, mpsc::Receiver<Arrived>) {
    let answer = answer.into();
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener
        .local_addr()
        .expect("a bound socket has an address");
    let (sender, arrived) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let request = receive(&stream);
            (&stream).write_all(&answer).ok();
            if sender.send(request).is_err() {
                return;
            }
        }
    });
    (address, arrived)
}

fn receive(stream: &TcpStream) -> Arrived {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader
            .read_line(&mut line)
            .expect("a request begins with lines of text");
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let headers: Vec<(String, String)> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut arrived = Arrived {
        line: lines[0].clone(),
        headers,
        body: Vec::new(),
    };
    let length = arrived
        .header("content-length")
        .map_or(0, |length| length.parse().expect("a length is a number"));
    arrived.body.resize(length, 0);
    reader
        .read_exact(&mut arrived.body)
        .expect("the body is as long as announced");
    arrived
}
