/** Control characters, which move the cursor and rewrite what stands there, but for newline and tab. */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Text as people may see it: a registry or an extension must not be able to fake or hide lines. */
export function printable(text: string): string {
  return text.replace(CONTROL, '\ufffd');
}

/** The same on one line, for what others wrote and we put into a sentence, a log line or a table. */
export function oneLine(text: string): string {
  return printable(text.replace(/\s*[\r\n\u2028\u2029]+\s*/g, ' '));
}
