import { Loading } from '@/components/common/PageState';

export function ServicePage() {
  return <Loading what="ServicePage" />;
}
