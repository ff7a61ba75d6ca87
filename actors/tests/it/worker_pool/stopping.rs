//! What stops a job before it has done its work, and what is left of it then.

mod cancel;
mod deadline;
mod leaving;
mod shutdown;

use super::*;
