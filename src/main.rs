//! The binary: runs the command line and tells its fault. Every effect hangs on the rooms below `copytaster::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    copytaster::cli::main()
}
