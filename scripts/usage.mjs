/** Ends the program after printing `text` when it was started with --help or -h. To be called before anything else. */
export function usage(text) {
  if (!process.argv.slice(2).some((word) => word === '--help' || word === '-h')) return
  console.log(text.trim())
  process.exit(0)
}
