//! CodeArts Repo as an HTTP client sees it: the documented requests and answers, runs in simulated
//! time, and both answers to every question that the documentation leaves open.

mod documented;
mod lists;
mod runs;
mod support;
mod switches;
mod tokens;
