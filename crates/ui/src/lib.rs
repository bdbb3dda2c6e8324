//! The screen inside the program: the files of `web/dist`, embedded when the program is compiled, and the HTTP answer
//! for each.
//!
//! A request is answered from memory, in the smallest encoding the client accepts (the build leaves `x.br` and `x.gz`
//! beside every `x` that shrinks). Names that carry a hash never change what they mean, so clients keep them for ever;
//! everything else is asked for again, and answered `304` when it is the same. A place of the application gets `index.html`,
//! which finds the place itself; so does, for a browser, what only looks like one.
//!
//! A program compiled without `web/dist` works and says how to build the screen. This crate knows nothing of the API
//! beside it: the server tries its own routes first and asks here last.

mod asset;
mod elsewhere;
mod respond;

pub use asset::{Asset, Encoding};
pub use elsewhere::elsewhere;
pub use respond::{respond, router};

/// Whether the program was compiled with the screen inside.
pub fn is_built() -> bool {
    asset::find("index.html").is_some()
}
