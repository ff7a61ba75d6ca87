//! exit_stack
