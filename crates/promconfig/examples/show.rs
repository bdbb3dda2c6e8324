fn main() {
    for p in std::env::args().skip(1) {
        match promconfig::load(p.as_ref(), &Default::default()) {
            Ok(c) => {
                println!("{}", c.to_yaml());
                for n in c.notices() {
                    println!("{n}");
                }
            }
            Err(f) => f.iter().for_each(|f| println!("{f}")),
        }
    }
}
