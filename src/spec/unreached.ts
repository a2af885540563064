/**
 * What the shipped suite cannot reach, and why. `coverage` shows the reasons, and a test fails when something here was reached after all.
 */
export interface Unreached {
	/** By requirement id. */
	requirements: Readonly<Record<string, string>>;
	/** By operation, for a form of it. */
	operations: Readonly<Record<string, string>>;
	/** By side and states: `frontend Initialising>Connected`. */
	moves: Readonly<Record<string, string>>;
}

export const UNREACHED: Unreached = {
	requirements: {},
	operations: {},
	moves: {},
};
