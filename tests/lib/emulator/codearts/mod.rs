//! CodeArts Repo as an HTTP client meets it: the documented requests and answers, runs in simulated
//! time, and both answers to every question that the documents leave open.

mod documented;
mod lists;
mod runs;
mod support;
mod switches;
mod tokens;
