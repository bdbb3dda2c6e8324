/** Of every row of the timeline, spans and log lines alike; Timeline.module.css has it too. */
export const ROW_PX = 26;
