/**
 * Mutants that no run can tell from the reference, by their id, each with the reason. `npm run mutants` complains of one that is killed after all
 * or is no mutant any more.
 */
export const EQUIVALENT: Readonly<Record<string, string>> = {};
