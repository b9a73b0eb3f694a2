//! Looking at a store without changing it: is it sound, what is damaged and where, what can be saved.

pub mod flush_rate;
