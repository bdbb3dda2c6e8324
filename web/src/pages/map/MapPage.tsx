import { Loading } from '@/components/common/PageState';

export function MapPage() {
  return <Loading what="MapPage" />;
}
