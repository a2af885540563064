import type { Verb } from "../../scenario/scenario.ts";
import { type Deeds, driverDeeds } from "./driver.ts";
import { wireDeeds } from "./wire.ts";
import { worldDeeds } from "./world.ts";

/** What each verb of the scenario language does. A verb added to the language turns this red until it has a deed. */
export const DEEDS: Deeds<Verb> = {
	...driverDeeds,
	...worldDeeds,
	...wireDeeds,
};
