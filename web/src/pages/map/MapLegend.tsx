import classes from './MapPage.module.css';

/** What sizes, rings, shapes and lines mean. */
export function MapLegend() {
  return (
    <div className={classes.legend} aria-label="Legend">
      <span>
        <svg width="18" height="16">
          <circle className={classes.lService} cx="9" cy="8" r="6" />
        </svg>
        service
      </span>
      <span>
        <svg width="16" height="16">
          <path className={classes.lOther} d="M3 4A5 2 0 0 1 13 4V12A5 2 0 0 1 3 12ZM3 4A5 2 0 0 0 13 4" />
        </svg>
        database
      </span>
      <span>
        <svg width="18" height="16">
          <circle className={classes.lOutside} cx="9" cy="8" r="6" />
        </svg>
        outside
      </span>
      <span>
        <svg width="22" height="16">
          <path className={classes.lWay} d="M1 8H21" strokeDasharray="5 3" />
        </svg>
        messages
      </span>
      <span>
        <svg width="18" height="16">
          <circle className={classes.lRest} cx="9" cy="8" r="6" />
          <path className={classes.lRing} d="M9 2A6 6 0 0 1 15 8" />
        </svg>
        errors, as a part of the ring
      </span>
      <span>
        <svg width="22" height="16">
          <path className={classes.lWay} d="M1 8H21" strokeWidth="1.25" />
          <path className={classes.lWay} d="M1 12H21" strokeWidth="3.5" />
        </svg>
        the more, the thicker
      </span>
    </div>
  );
}
