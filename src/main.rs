//! The floopy executable: parse, run one command, map the error to an exit code.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    floopy::cli::main()
}
