//! placeholder
pub mod html;
