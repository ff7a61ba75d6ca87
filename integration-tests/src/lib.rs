//! Scenarios that need real sockets, real servers and a real clock. Everything is in `tests/`.
