//! Pairs and laws of the fold.
