//! Tells cargo to embed again when the screen was built again: files that appear or vanish in `web/dist` are not seen
//! by the embedding macro, which watches only the files that it found.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=../../web/dist");
}
