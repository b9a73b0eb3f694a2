//! The stories of the product, told as numbered steps over a whole company in one process.

mod offline_edit;
