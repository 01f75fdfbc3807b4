declare module 'logic-solver' {
  /** Terms are names; `-name` is the negation. */
  type Formula = string | object;
  export class Solver {
    require(...formulas: Formula[]): void;
    solveAssuming(formula: Formula): object | null;
  }
  export function not(formula: Formula): Formula;
  export function and(...formulas: Formula[]): Formula;
  export function or(...formulas: Formula[]): Formula;
  export function atMostOne(...formulas: Formula[]): Formula;
}
