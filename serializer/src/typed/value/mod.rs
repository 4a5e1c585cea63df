//! Values through serde: lossless in this format, as close as possible in
//! others.

mod de;
mod int;
mod ser;
mod tag;

pub(super) use tag::{Tag, Tagged, visit};
