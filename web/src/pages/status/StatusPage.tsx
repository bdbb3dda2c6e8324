export function StatusPage() { return <div>Status</div>; }
