export function TargetsPage() { return <div>Targets</div>; }
