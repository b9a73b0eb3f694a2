//! What is refused, and what is offered.
