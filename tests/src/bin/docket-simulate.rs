//! `docket-simulate`: runs simulated companies from seeds.

fn main() {}
