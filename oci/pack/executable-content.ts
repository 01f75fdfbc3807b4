/** How many bytes of a file `isExecutableContent` wants to see. */
export const MAGIC_BYTES = 4;

/** ELF; Mach-O in both widths and byte orders, and universal; PE. */
const MAGICS: readonly (readonly number[])[] = [
  [0x7f, 0x45, 0x4c, 0x46],
  [0xfe, 0xed, 0xfa, 0xce],
  [0xfe, 0xed, 0xfa, 0xcf],
  [0xce, 0xfa, 0xed, 0xfe],
  [0xcf, 0xfa, 0xed, 0xfe],
  [0xca, 0xfe, 0xba, 0xbe],
  [0x4d, 0x5a],
  [0x23, 0x21],
];

/**
 * Whether content is executable by itself: it starts with `#!` or the magic of a native program. Packing
 * asks this instead of the file's mode, because Windows and some checkouts have no executable bit and the
 * digest must be the same everywhere.
 */
export function isExecutableContent(start: Uint8Array): boolean {
  return MAGICS.some((magic) => magic.every((byte, i) => start[i] === byte));
}
