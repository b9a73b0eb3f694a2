//! The stories of the product, told as numbered steps over a whole company in one process.

mod customer_call;
mod follow_up;
mod guarantee;
mod offline_edit;
