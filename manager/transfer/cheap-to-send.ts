/** Content up to this size is sent rather than asked for, where it is most likely not there: a question costs as much. */
export const CHEAP_TO_SEND_BYTES = 64 * 1024;
