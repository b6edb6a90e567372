//! A stand-in of the Pushgateway on a loopback port: it keeps groups of metrics as its documents say.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// The lines of each metric, by group and name.
type Groups = BTreeMap<String, BTreeMap<String, Vec<String>>>;

pub(super) struct Pushgateway {
    pub(super) url: String,
    groups: Arc<Mutex<Groups>>,
}

impl Pushgateway {
    pub(super) fn new() -> Pushgateway {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let groups = Arc::new(Mutex::new(Groups::new()));
        let kept = Arc::clone(&groups);
        thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &kept);
            }
        });
        Pushgateway { url, groups }
    }

    /// The paths of the groups.
    pub(super) fn groups(&self) -> Vec<String> {
        self.groups.lock().unwrap().keys().cloned().collect()
    }

    /// The samples of a metric.
    pub(super) fn samples(&self, group: &str, name: &str) -> Vec<String> {
        let groups = self.groups.lock().unwrap();
        groups[group].get(name).cloned().unwrap_or_default()
    }
}

/// POST replaces the metrics that it names, and PUT the whole group.
fn answer(stream: TcpStream, groups: &Mutex<Groups>) {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let length = head.iter().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        (name.eq_ignore_ascii_case("content-length")).then(|| value.parse().unwrap())
    });
    let mut body = vec![0; length.unwrap()];
    reader.read_exact(&mut body).unwrap();
    let body = String::from_utf8(body).unwrap();
    let mut request = head[0].split(' ');
    let (method, path) = (request.next().unwrap(), request.next().unwrap());
    let is_valid = body.ends_with('\n') && path.starts_with("/metrics/job/");
    if is_valid {
        let mut pushed: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in body.lines().filter(|line| !line.starts_with('#')) {
            let name = line.split(['{', ' ']).next().unwrap().to_owned();
            pushed.entry(name).or_default().push(line.to_owned());
        }
        let mut groups = groups.lock().unwrap();
        let group = groups.entry(path.to_owned()).or_default();
        match method {
            "POST" => group.extend(pushed),
            "PUT" => *group = pushed,
            _ => panic!("{method}"),
        }
    }
    let status = if is_valid {
        "200 OK"
    } else {
        "400 Bad Request"
    };
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    reader.into_inner().write_all(answer.as_bytes()).unwrap();
}
