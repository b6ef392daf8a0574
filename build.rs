//! Rebuilds when a file is added to a folder that is compiled in.

fn main() {
    for folder in ["demo", "import_templates", "migrations"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
