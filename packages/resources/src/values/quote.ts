/** Longer text is cut in an error: it would bury what is wrong. */
const longestQuote = 80

/** Text in quotes as JSON has it, and cut where it is long. */
export function quote(text: string): string {
  return text.length > longestQuote
    ? JSON.stringify(`${text.slice(0, longestQuote - 1)}…`)
    : JSON.stringify(text)
}
