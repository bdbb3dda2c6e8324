import { Loading } from '@/components/common/PageState';

export function ServicesPage() {
  return <Loading what="ServicesPage" />;
}
