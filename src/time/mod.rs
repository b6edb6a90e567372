//! Days, ages and points in time: values that a chart or a service writes. The caller passes in the
//! current time.

mod age;
mod date;
mod deadline;
mod moment;

pub use self::{
    age::{Age, AgeError},
    date::{Date, DateError},
    deadline::{Deadline, DeadlineError},
    moment::{Moment, Stamp},
};
