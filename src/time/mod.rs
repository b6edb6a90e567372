//! Days, ages and points in time: values that a chart or a service writes. What time it is now is
//! the caller's to know.

mod age;
mod date;
mod moment;

pub use self::{
    age::{Age, NoAge},
    date::{Date, NoDate},
    moment::{Moment, Stamp},
};
