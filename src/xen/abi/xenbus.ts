/** enum xenbus_state of io/xenbus.h. */
export const XenbusStateUnknown = 0;
export const XenbusStateInitialising = 1;
export const XenbusStateInitWait = 2;
export const XenbusStateInitialised = 3;
export const XenbusStateConnected = 4;
export const XenbusStateClosing = 5;
export const XenbusStateClosed = 6;
export const XenbusStateReconfiguring = 7;
export const XenbusStateReconfigured = 8;

/** By number. */
export const XENBUS_STATE_NAMES = [
	"Unknown",
	"Initialising",
	"InitWait",
	"Initialised",
	"Connected",
	"Closing",
	"Closed",
	"Reconfiguring",
	"Reconfigured",
] as const;

/** The name of a state number, or the number itself when the header knows none. */
export const xenbusStateName = (state: number): string =>
	XENBUS_STATE_NAMES[state] ?? `state ${state}`;
