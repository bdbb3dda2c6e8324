import { Loading } from '@/components/common/PageState';

export function ReceiversPage() {
  return <Loading what="ReceiversPage" />;
}
