//! Rebuilds when a file is added to a folder that is compiled in.

fn main() {
    for folder in [
        "assets",
        "demo",
        "import_templates",
        "migrations",
        "templates",
    ] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
