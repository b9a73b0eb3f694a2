//! The fold: from a set of facts to the order as people see it.

pub mod view;
