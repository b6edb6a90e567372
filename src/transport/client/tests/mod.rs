//! The client against simulated services on a paused clock: what is counted is exact, and costs no
//! time.

mod limits;
mod repeats;
mod service;
