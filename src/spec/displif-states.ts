import { may, must, section, should } from "./requirement.ts";

/** The state diagrams of displif.h: how a connection begins, ends and recovers. */
export const DISPLIF_STATES = [
	...section(
		"displif",
		"io/displif.h",
		"State diagrams",
		must("states", "both", "both sides follow the state diagram"),
		must(
			"states.initial",
			"toolstack",
			"both state nodes begin as Initialising",
		),
		must(
			"states.configuration",
			"toolstack",
			"the display's configuration is there before the frontend reads it",
		),
	),
	...section(
		"displif",
		"io/displif.h",
		"State diagrams: Normal flow",
		must(
			"states.device-valid",
			"backend",
			"the backend goes to InitWait after its own device was opened and found valid",
		),
		must(
			"states.publish",
			"frontend",
			"all transport parameters of all connectors are published before Initialised",
		),
		must(
			"states.connect",
			"backend",
			"the backend reads the transport parameters of this connection and binds its channels before Connected",
		),
		must(
			"states.displays",
			"frontend",
			"the frontend makes its displays when the backend is Connected, then goes to Connected",
		),
		must(
			"states.close",
			"frontend",
			"when the backend is Closing, Closed or gone, the frontend removes displays and channels and goes to Closed",
			"a frontend acts at Closing",
			"a frontend waits for Closed, because at Closing the backend still holds its pages",
		),
	),
	...section(
		"displif",
		"io/displif.h",
		"Recovery flow",
		must(
			"recovery",
			"both",
			"a side whose peer is gone becomes ready for a new connection",
		),
		must(
			"recovery.frontend-error",
			"backend",
			"a frontend that cannot go on is treated as one that is Closed",
		),
		must(
			"recovery.initialising",
			"frontend",
			"after a backend error the frontend removes its device, if nobody uses it, and goes to Initialising",
		),
		must(
			"recovery.reconfiguring",
			"frontend",
			"while its device is in use the frontend stays Reconfiguring until the device is gone or the backend begins anew",
		),
		must(
			"recovery.no-requests",
			"frontend",
			"a Reconfiguring frontend sends no requests",
		),
		must(
			"recovery.no-new-clients",
			"frontend",
			"a Reconfiguring frontend takes no new clients",
		),
		should(
			"recovery.clients-leave",
			"frontend",
			"clients of a Reconfiguring frontend get errors, so that they leave",
		),
		must(
			"recovery.reinitialise",
			"frontend",
			"once all clients are gone the frontend goes to Initialising",
		),
		may(
			"recovery.last-client",
			"frontend",
			"how the frontend learns that the last client has gone is its own affair",
		),
	),
];
