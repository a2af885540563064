import { errnoNumber } from "../../base/errno.ts";
import { refusal } from "./kind.ts";

export const objectFails = refusal(
	"object-fails",
	"there is no memory for an object of the driver",
	["object.make"],
	{ ENOMEM: -errnoNumber("ENOMEM") },
);
