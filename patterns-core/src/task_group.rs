//! task_group
