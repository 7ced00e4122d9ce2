//! What must hold, whatever happens.

mod answer;
mod diary;
mod promise;

pub use diary::Diary;
pub use promise::{Act, Promise};
