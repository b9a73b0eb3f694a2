//! The harness of the whole product: made-up data, a network that fails on command, real processes, measurements.
//!
//! What it is not: the tests. They are in the one integration binary, `tests/main.rs`, one module a room, so
//! that it links once. Unit tests of a function sit at the bottom of that function's file.
//!
//! # Writing a test of the whole product
//!
//! Add a module beside `tests/main.rs`, name it there, and build the story from these parts:
//!
//! - [`random::Random`]: everything that varies comes from one seed; print it when a check fails.
//! - [`workload`]: work orders as facts in causal order, for benchmarks and convergence.
//! - [`demo`]: a company with people, customers, sites, units, orders, from a seed.
//! - [`day`]: that company at work for a day: the real server over TLS, devices behind bad networks.
//! - [`proxy::Proxy`]: stands between a device and the server, counts bytes, cuts, delays and throttles.
//! - [`office::Office`]: the real server on a folder of its own: set up, served, killed, started again.
//! - [`loop_disk::LoopDisk`]: a disk whose power fails.
//! - [`process`]: starts the real programs, waits until they are ready, kills them, measures them.
//! - [`condition::eventually`]: waits for a condition with a deadline; nothing here sleeps and hopes.
//!
//! # Adding a benchmark
//!
//! Write `pub const ROW: Row` in a file of [`bench`] and add it to [`bench::ROWS`]: `cargo xtask bench --only
//! NAME` runs it, the table and the JSON follow.
//!
//! # Adding a heavy run
//!
//! Write the test so that it reads its number (seeds, cycles) from an environment variable with a small
//! default, and add a line to the list in `xtask/src/nightly.rs`.

pub mod bench;
pub mod condition;
pub mod day;
pub mod demo;
pub mod loop_disk;
pub mod office;
pub mod process;
pub mod proxy;
pub mod random;
pub mod simulation;
pub mod table;
pub mod workload;
pub mod world;
