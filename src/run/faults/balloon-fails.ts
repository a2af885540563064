import { errnoNumber } from "../../base/errno.ts";
import { refusal } from "./kind.ts";

export const balloonFails = refusal(
	"balloon-fails",
	"the balloon has no frame number to give",
	["balloon.take"],
	{ ENOMEM: -errnoNumber("ENOMEM") },
);
